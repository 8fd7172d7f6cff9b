/** Characters that nobody sees. */
const isUnseen = (code: number): boolean =>
  code === 0xad ||
  code === 0x34f ||
  code === 0x61c ||
  code === 0x180e ||
  (code >= 0x200b && code <= 0x200f) ||
  (code >= 0x202a && code <= 0x202e) ||
  (code >= 0x2060 && code <= 0x206f) ||
  (code >= 0xfe00 && code <= 0xfe0f) ||
  code === 0xfeff

/** Spaces, dashes and full stops of other scripts than ASCII. */
const alike = new Map<number, string>([
  ...[0xa0, 0x2007, 0x2008, 0x2009, 0x200a, 0x202f, 0x3000].map((code): [number, string] => [code, ' ']),
  ...[0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212].map((code): [number, string] => [code, '-']),
  ...[0x3002, 0xff61, 0x2024].map((code): [number, string] => [code, '.']),
])

/** The zero of scripts whose ten digits follow each other. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10]

/**
 * A text as it reads: without what nobody sees, digits and wide forms in ASCII. `places` says where
 * each of its characters stands in the text; undefined: where it stands in both.
 */
export function plainOf(text: string): { plain: string; places: readonly number[] | undefined } {
  if (isAscii(text)) return { plain: text, places: undefined }
  const places: number[] = []
  const characters: string[] = []
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f && isUnseen(code)) continue
    places.push(at)
    characters.push(code > 0x7f ? folded(code) : text.charAt(at))
  }
  return { plain: characters.join(''), places }
}

function folded(code: number): string {
  const sign = alike.get(code)
  if (sign !== undefined) return sign
  const zero = zeros.find((first) => code >= first && code <= first + 9)
  if (zero !== undefined) return String(code - zero)
  return String.fromCharCode(code >= 0xff01 && code <= 0xff5e ? code - 0xfee0 : code)
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}
