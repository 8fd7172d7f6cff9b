/** Letters of other scripts, and small capitals, that read like Latin ones: pairs of what is written and what is read. */
const alike =
  'аaвbеeѕsіiјjкkмmнhоoрpсcтtуyхxԁdԛqԝwһhгrпnьbαaεeιiκkνvοoρpτtυuχxηnγyβbωwɡgıiɑaɩiłløođdħhŧtᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢz'

const known = new Map<number, string>()
for (let at = 0; at < alike.length; at += 2) known.set(alike.charCodeAt(at), alike.charAt(at + 1))

/**
 * The text in lower case, without accents, and with letters that look Latin in Latin: unit by unit, so
 * that places stay what they are.
 */
export function fold(text: string): string {
  if (isAscii(text)) return text.toLowerCase()
  const folded: string[] = []
  for (let at = 0; at < text.length; at++) folded.push(foldUnit(text.charCodeAt(at)))
  return folded.join('')
}

function foldUnit(code: number): string {
  const before = known.get(code)
  if (before !== undefined) return before
  const unit = String.fromCharCode(code)
  const lower = unit.toLowerCase()
  const small = lower.length === 1 ? lower : unit
  const plain = known.get(small.charCodeAt(0)) ?? small.normalize('NFD').charAt(0)
  const folded = known.get(plain.charCodeAt(0)) ?? plain
  known.set(code, folded)
  return folded
}

/** Whether a text is nothing but ASCII. */
export function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}
