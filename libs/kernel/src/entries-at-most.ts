/**
 * Options for an `LRUCache` of at most `count` entries. Its own option `max` allocates the room for all of them at
 * once: a megabyte for each 50,000, in a process that may never hold ten.
 */
export function entriesAtMost(count: number) {
  return { maxSize: count, sizeCalculation: () => 1 };
}
