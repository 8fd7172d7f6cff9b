import { detectAt, type Candidate } from '../detector.js'
import { beginsWord, isAlphanumeric, isDigit, isWord, matchAt } from '../text/characters.js'

const name = String.raw`\p{Lu}[\p{L}\p{N}.'’-]{0,24}`
const number = String.raw`\d{1,5}(?: ?[a-zA-Z])?(?:[-/]\d{1,4})?`
const article = String.raw`(?:(?:de|del|della|delle|dei|di|do|da|dos|das|du|des|la|le|les|los|las|l['’]|d['’]|von|van|der|den|dem|am|an|zum|zur) ?){0,3}`

interface AddressForm {
  readonly kind: string
  readonly begins: 'digit' | 'letter'
  readonly form: RegExp
  /** Only with a town after it: its words also stand elsewhere. */
  readonly isWeak?: boolean
}

const sticky = (source: string, flags = 'uy'): RegExp => new RegExp(source, flags)

const forms: readonly AddressForm[] = [
  {
    ...{ kind: 'en', begins: 'digit' },
    form: sticky(
      String.raw`${number} (?:[NSEW]\.? )?(?:${name} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Terrace|Parkway|Pkwy|Highway|Hwy|Crescent|Marg|Nagar|street|st|avenue|ave|road|rd|boulevard|blvd|lane|drive)\b\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|#)\.? ?[\w-]{1,6})?`,
    ),
  },
  {
    ...{ kind: 'en', begins: 'digit', isWeak: true },
    form: sticky(
      String.raw`${number} (?:${name} ){1,3}(?:Court|Ct|Place|Pl|Way|Square|Sq|Circle|Cir|Close|Gardens|Row|Mews|Hill|Trail|Loop|Grove|Park)\b\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|#)\.? ?[\w-]{1,6})?`,
    ),
  },
  {
    ...{ kind: 'fr', begins: 'digit' },
    form: sticky(
      String.raw`\d{1,4}(?: ?(?:bis|ter|quater))?,? (?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d\.?|[Pp]lace|[Cc]hemin|[Ii]mpasse|[Aa]llée|[Qq]uai|[Cc]ours|[Rr]oute|[Ss]quare) ${article}${name}(?:[ -]${article}${name}){0,3}`,
    ),
  },
  {
    ...{ kind: 'de', begins: 'letter' },
    form: sticky(
      String.raw`(?:\p{Lu}[\p{L}.-]{1,30}(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer|steig|hof)|(?:${name}[ -]){1,3}(?:Straße|Strasse|Str\.|Allee|Platz|Weg|Ring|Gasse)) ${number}\b`,
    ),
  },
  {
    ...{ kind: 'es', begins: 'letter' },
    form: sticky(
      String.raw`(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Carrer|Camino|Ronda|Travesía) ?${article}${name}(?: ${article}${name}){0,3},? (?:n[ºo°]?\.? ?|núm\.? )?${number}\b`,
    ),
  },
  {
    ...{ kind: 'it', begins: 'letter' },
    form: sticky(
      String.raw`(?:Via|Viale|Piazza|Piazzale|Corso|Largo|Vicolo|Strada) ${article}${name}(?: ${article}${name}){0,3},? (?:n\.? ?)?${number}\b`,
    ),
  },
  {
    ...{ kind: 'br', begins: 'letter' },
    form: sticky(
      String.raw`(?:Rua|R\.|Avenida|Av\.|Travessa|Alameda|Praça|Rodovia|Estrada) ${article}${name}(?: ${article}${name}){0,4},? (?:n[ºo°]?\.? ?)?${number}\b`,
    ),
  },
  {
    ...{ kind: 'po_box', begins: 'letter' },
    form: sticky(
      String.raw`(?:P\.? ?O\.? ?Box|Postfach|Apartado(?: de [Cc]orreos)?|Casella [Pp]ostale|BP) \d[\d ]{0,6}\d`,
    ),
  },
]

/** A town with its postal code, as countries write them. */
const town = sticky(
  String.raw`(?:,|\n|,\n)? ?(?:(?:[A-Z]{1,2}-)?\d{5}(?:-\d{3})? ${name}(?:[ -]${name}){0,2}|(?:${name}[ ,-]{1,3}){1,4}(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|(?:[A-Z]{2}, )?(?:CEP )?\d{5}-\d{3}|\d{6}))`,
)

/** A street with its number and, when it is there, its town. */
const longest = 140

/**
 * Postal addresses, as far as their form tells: streets with numbers in the manner of the English-speaking
 * countries, Germany, France, Spain, Italy and Brazil, and boxes. Best effort.
 */
export const postalAddress = detectAt(longest, isAlphanumeric, ({ text }, at): Candidate | undefined => {
  if (!beginsWord(text, at) || /[.,\-#$]/.test(text.charAt(at - 1))) return undefined
  const isNumber = isDigit(text.charCodeAt(at))
  const code = text.charCodeAt(at)
  if (!isNumber && !(code >= 0x41 && code <= 0x5a) && code < 0xc0) return undefined
  for (const { kind, begins, form, isWeak } of forms) {
    if ((begins === 'digit') !== isNumber) continue
    const match = matchAt(form, text, at)
    if (!match || (isWord(text.charCodeAt(at + match[0].length)) && kind !== 'fr')) continue
    const end = at + match[0].length
    const place = matchAt(town, text, end)
    if (isWeak && !place) continue
    return { start: at, end: end + (place?.[0].length ?? 0), kind, confidence: place ? 0.85 : 0.6 }
  }
  return undefined
})
