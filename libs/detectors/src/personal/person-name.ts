import { detectAt, type Candidate, type Window } from '../detector.js'
import { beginsWord, isAfter, isWord, matchAt } from '../text/characters.js'
import { givenNames, noFamilyNames } from './given-names.js'

const word = String.raw`\p{Lu}[\p{Ll}'’]{1,20}(?:-\p{Lu}\p{Ll}{1,20}|(?<=Mc|Mac|O['’]|De|Di)\p{Lu}?\p{Ll}{1,20})?`
const particle = String.raw`(?:(?:de|da|do|dos|das|del|della|di|la|le|van|von|der|den|ter|bin|ibn|al|el|du|zu) ){0,3}`
const initial = String.raw`(?:\p{Lu}\. ?){0,2}`
const one = new RegExp(word, 'uy')
const several = new RegExp(String.raw`${word}(?: ${initial}${particle}${word}){0,3}`, 'uy')

const title =
  /(?:^|[^a-z])(?:mr|mrs|ms|mx|miss|dr|prof|professor|sir|madam|herrn?|frau|monsieur|madame|mme|mlle|sr|sra|srta|senora?|don|dona|sig|signora?|dott|dottoressa|avv|ing|shri|smt|patient|doctor)\.? $/
const introduced =
  /(?:my name(?: is|'s)|i am called|name"? ?[:=] ?"?|(?:full|first|last|patient|customer|client|employee)[ _]name"? ?[:=]? ?"?|ich heisse|ich heiße|mein name ist|je m'appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome e|meu nome e|me chamo|(?:signed|regards|cheers|sincerely|gruss(?:en)?|cordialement|saludos|saluti|abs),?\s) ?$/

const longest = 90

/**
 * Names of people, best effort: after a title, where somebody is introduced, or a common given name with a
 * family name. Names of other places, or in small letters, are missed.
 */
export const personName = detectAt(
  longest,
  (code) => (code >= 0x41 && code <= 0x5a) || code >= 0xc0,
  (window: Window, at): Candidate | undefined => {
    const { text, folded } = window
    if (!beginsWord(text, at)) return undefined
    const match = matchAt(several, text, at)
    if (!match || !endsWord(text, at + match[0].length)) return undefined
    if (isAfter(title, folded, at, 24)) return named(window, at, match[0], 0.8)
    if (isAfter(introduced, folded, at, 32)) return named(window, at, match[0], 0.85)
    const given = matchAt(one, text, at)?.[0] ?? ''
    const isGiven = given
      .split('-')
      .some((part) =>
        givenNames.has(folded.slice(at + given.indexOf(part), at + given.indexOf(part) + part.length)),
      )
    return isGiven && given.length < match[0].length ? named(window, at, match[0], 0.7, 2) : undefined
  },
)

/** The words up to the first that is in no name; undefined when fewer are left than there must be. */
function named(
  { folded }: Window,
  at: number,
  text: string,
  confidence: number,
  fewest = 1,
): Candidate | undefined {
  let end = at
  let count = 0
  for (const match of text.matchAll(/[^ ]+/g)) {
    const from = at + match.index
    const to = from + match[0].length
    if (noFamilyNames.has(folded.slice(from, to).replace(/'s$/, ''))) break
    // A particle or an initial is only part of a name when a word follows it.
    if (!/^\p{Lu}[\p{L}'’-]/u.test(match[0])) continue
    count++
    end = to
  }
  return count >= fewest ? { start: at, end, kind: '', confidence } : undefined
}

const endsWord = (text: string, at: number): boolean => !isWord(text.charCodeAt(at))
