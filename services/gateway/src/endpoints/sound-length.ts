/** Of compressed speech, about; where the sound does not say how long it is. */
const compressedBytesPerSecond = 8_000

/** How long a recording is, in seconds, a begun one whole: a WAV file says so, others are guessed by their size. */
export function secondsOfSound(sound: Buffer): number {
  return Math.max(1, Math.ceil(secondsOfWav(sound) ?? sound.length / compressedBytesPerSecond))
}

/** The header says how many bytes a second are, and how many there are. Undefined: it is no WAV file. */
function secondsOfWav(sound: Buffer): number | undefined {
  if (sound.length < 44 || sound.toString('latin1', 0, 4) !== 'RIFF') return undefined
  if (sound.toString('latin1', 8, 12) !== 'WAVE') return undefined
  let bytesPerSecond = 0
  for (let at = 12; at + 8 <= sound.length;) {
    const kind = sound.toString('latin1', at, at + 4)
    const size = sound.readUInt32LE(at + 4)
    if (kind === 'fmt ' && at + 20 <= sound.length) bytesPerSecond = sound.readUInt32LE(at + 16)
    // A recorder that streams does not know the size beforehand.
    if (kind === 'data') {
      return bytesPerSecond === 0 ? undefined : Math.min(size, sound.length - at - 8) / bytesPerSecond
    }
    at += 8 + size + (size % 2)
  }
  return undefined
}

/** The end of the last cue of subtitles, in seconds; undefined: there is none. */
export function secondsOfSubtitles(text: string): number | undefined {
  let last: number | undefined
  for (const [, hours = '0', minutes = '0', seconds = '0'] of text.matchAll(cueEnd)) {
    const end = Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds.replace(',', '.'))
    last = Math.max(last ?? 0, end)
  }
  return last
}

const cueEnd = /--> *(?:(\d{1,3}):)?(\d\d):(\d\d[.,]\d{1,3})/g
