/**
 * Options for an `LRUCache` of at most so many entries. Its own `max` takes all of their room when it is made: a
 * megabyte for each 50,000, in a process that may never see ten.
 */
export function entriesAtMost(count: number) {
  return { maxSize: count, sizeCalculation: () => 1 };
}
