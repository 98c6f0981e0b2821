import { expect, test } from "bun:test";
import { Line } from "../../../../src/serve/batching/line.ts";
import { Chance } from "../../../support/chance.ts";

interface Person {
  name: number;
  isGone: boolean;
}

test("Line is first in, first out, and passes over the gone", () => {
  const line = new Line<Person>();
  const people = [0, 1, 2, 3].map((name) => ({ name, isGone: false }));
  for (const person of people) line.push(person);
  const [, second, third] = people;
  for (const person of [second, third]) {
    if (person) person.isGone = true;
    line.onGone();
  }
  expect(line.size).toBe(2);
  expect(line.peek()?.name).toBe(0);
  expect(line.shift()?.name).toBe(0);
  expect(line.shift()?.name).toBe(3);
  expect(line.shift()).toBeUndefined();
  expect(line.peek()).toBeUndefined();
  expect(line.size).toBe(0);
});

test("Line does as an array would, however many come and go", () => {
  const chance = new Chance(3);
  const line = new Line<Person>();
  let array: Person[] = [];
  for (let name = 0; name < 5_000; name++) {
    const what = chance.integer(0, 4);
    if (what < 3) {
      const person = { name, isGone: false };
      line.push(person);
      array.push(person);
    } else if (what === 3) {
      expect(line.shift()).toBe(array.shift() as Person);
    } else if (array.length > 0) {
      const person = chance.pick(array);
      person.isGone = true;
      array = array.filter((other) => other !== person);
      line.onGone();
    }
    expect(line.size).toBe(array.length);
    expect(line.peek()).toBe(array[0] as Person);
  }
});
