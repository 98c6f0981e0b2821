/** "node 3 is", "nodes 3, 4 are": several ids, with the word that follows them in the one case and in the other. */
export function nodesText(ids: readonly number[], one: string, many: string): string {
  return ids.length === 1 ? `node ${ids[0]} ${one}` : `nodes ${ids.join(", ")} ${many}`;
}
