/** Seed and constants of Kafka's own partitioner, so that a key has the same partition on both buses. */
const seed = 0x9747b28c
const m = 0x5bd1e995
const r = 24

/** MurmurHash2, 32 bit, as Kafka's clients use it; a signed integer. */
export function murmur2(data: Uint8Array): number {
  const length = data.length
  let hash = seed ^ length
  const whole = length - (length % 4)
  for (let at = 0; at < whole; at += 4) {
    let word = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
    word = Math.imul(word, m)
    word ^= word >>> r
    word = Math.imul(word, m)
    hash = Math.imul(hash, m) ^ word
  }
  if (length > whole) {
    for (let at = length - 1; at >= whole; at--) hash ^= data[at]! << (8 * (at - whole))
    hash = Math.imul(hash, m)
  }
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return hash ^ (hash >>> 15)
}

/** Partition of a key: stable for a given number of partitions, and the one that Kafka's clients choose. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions
}
