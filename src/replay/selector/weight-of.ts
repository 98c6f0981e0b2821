/** The sum of as many weights as a tree can have is still a number. */
const MOST = 2 ** 990;
const LEAST = 2 ** -990;

/** `priority ** alpha`, within what can be summed up; 0 stays 0, and nothing else becomes 0. */
export function weightOf(priority: number, alpha: number): number {
  if (priority === 1 || priority === 0) return priority;
  return Math.min(MOST, Math.max(LEAST, priority ** alpha));
}
