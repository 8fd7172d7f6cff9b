/** Words that follow each other, each one of some. */
export interface Phrase {
  readonly kind: string
  readonly parts: readonly ReadonlySet<string>[]
  /** So many other words may stand before each of the parts. */
  readonly gap: number
  readonly confidence: number
}

const say = (words: string): ReadonlySet<string> => new Set(words.split(' '))

const drop =
  'ignore disregard forget override bypass neglect discard skip overlook drop ignoring disregarding'
const former =
  'previous prior above preceding earlier foregoing former initial original all any every existing your these those system everything last past'
const orders =
  'instructions instruction rules rule prompts prompt guidelines guideline directives directive commands constraints restrictions programming orders directions policies policy safeguards training context guardrails'
const show =
  'reveal show print repeat output display tell give share leak expose disclose recite write dump return summarize translate'
const told = 'prompt instructions instruction directives rules message configuration guidelines'

const rows: readonly [string, number, number, ...string[]][] = [
  ['ignore_instructions', 3, 0.95, drop, former, orders],
  ['ignore_instructions', 2, 0.9, drop, 'everything anything all', 'above before previously told said'],
  [
    'ignore_instructions',
    2,
    0.9,
    'pay do',
    'no not',
    'attention follow obey',
    'previous prior above earlier system',
    orders,
  ],
  [
    'ignore_instructions',
    2,
    0.85,
    'new updated real actual',
    'instructions instruction directive orders',
    'follow are override supersede replace from',
  ],
  ['ignore_instructions', 2, 0.85, 'instead stop', 'of following obeying', 'your the these previous', orders],
  [
    'ignore_instructions',
    3,
    0.9,
    'ignoriere ignorier ignorieren vergiss vergessen missachte',
    'alle alles vorherigen bisherigen obigen deine ihre vorigen fruheren',
    'anweisungen anweisung regeln vorgaben instruktionen befehle',
  ],
  [
    'ignore_instructions',
    3,
    0.9,
    'ignore ignorez ignorer oublie oubliez oublier',
    'toutes tous les tes vos',
    'instructions consignes regles directives',
  ],
  [
    'ignore_instructions',
    3,
    0.9,
    'ignora ignore ignorar olvida olvide olvidar',
    'todas todos las tus sus',
    'instrucciones reglas indicaciones ordenes',
  ],
  [
    'ignore_instructions',
    3,
    0.9,
    'ignora ignorate dimentica dimenticate ignorare',
    'tutte tutti le',
    'istruzioni regole indicazioni',
  ],
  [
    'ignore_instructions',
    3,
    0.9,
    'ignore ignorar esqueca esquece',
    'todas todos as suas',
    'instrucoes regras orientacoes',
  ],
  [
    'reveal_prompt',
    3,
    0.9,
    show,
    'your the this',
    'system hidden initial original secret internal developer',
    told,
  ],
  ['reveal_prompt', 2, 0.85, show, 'your', 'prompt instructions'],
  [
    'reveal_prompt',
    2,
    0.85,
    'repeat print output write',
    'everything all words text',
    'above before preceding',
  ],
  ['reveal_prompt', 3, 0.8, 'what', 'is are were was', 'your', 'system hidden initial original secret', told],
  [
    'reveal_prompt',
    3,
    0.9,
    'zeige zeig nenne wiederhole gib verrate',
    'deinen deine dein ihren ihre',
    'systemprompt anweisungen systemanweisungen prompt systemnachricht',
  ],
  [
    'reveal_prompt',
    3,
    0.9,
    'affiche montre revele donne repete',
    'ton tes votre vos',
    'prompt invite instructions',
    'systeme initiales caches',
  ],
  [
    'reveal_prompt',
    3,
    0.9,
    'muestra revela dime repite',
    'tu tus su sus',
    'prompt instrucciones',
    'sistema iniciales ocultas',
  ],
  [
    'role_play',
    3,
    0.9,
    'you',
    'are',
    'now',
    'dan jailbroken unrestricted unfiltered uncensored stan dude evil unbound',
  ],
  ['role_play', 3, 0.9, 'do', 'anything', 'now'],
  [
    'role_play',
    4,
    0.9,
    'act pretend behave roleplay respond simulate answer',
    'as like you be',
    'unrestricted unfiltered uncensored jailbroken dan evil amoral unaligned',
  ],
  [
    'role_play',
    4,
    0.9,
    'act pretend behave respond answer imagine',
    'no without any',
    'restrictions rules limits filters guidelines limitations censorship restriction ethics',
  ],
  [
    'role_play',
    3,
    0.9,
    'enable enter activate switch',
    'developer dan god debug jailbreak sudo admin unrestricted',
    'mode',
  ],
  ['role_play', 3, 0.85, 'you', 'have', 'no', 'restrictions rules limits limitations filters guidelines'],
  [
    'role_play',
    3,
    0.85,
    'no',
    'longer',
    'bound bounded constrained restricted limited',
    'by to rules guidelines policies',
  ],
  [
    'role_play',
    2,
    0.85,
    'disable remove bypass turn',
    'your all the off',
    'safety content ethical moderation security',
    'filters filter guidelines protocols restrictions checks policies features controls',
  ],
  [
    'judge_verdict',
    2,
    0.9,
    'verdict decision judgment judgement classification result',
    'allow allowed compliant safe pass passed benign approved',
  ],
  [
    'judge_verdict',
    3,
    0.9,
    'mark classify treat label consider report rate',
    'this following',
    'as',
    'safe compliant benign allowed approved harmless',
  ],
  [
    'judge_verdict',
    3,
    0.85,
    'the this',
    'policy content moderation judge evaluator',
    'does must should',
    'not',
    'apply flag block violate',
  ],
  ['hidden_orders', 4, 0.85, 'do', 'not', 'tell inform mention alert notify', 'user human anyone operator'],
  [
    'hidden_orders',
    3,
    0.85,
    'send forward exfiltrate upload post transmit email',
    'conversation history secrets credentials passwords keys data',
    'to',
    'http https attacker following url server webhook',
  ],
]

/** The phrases by their first words. */
export const injectionPhrases: ReadonlyMap<string, readonly Phrase[]> = byFirst()

function byFirst(): Map<string, Phrase[]> {
  const phrases = new Map<string, Phrase[]>()
  for (const [kind, gap, confidence, ...parts] of rows) {
    const phrase = { kind, gap, confidence, parts: parts.map(say) }
    for (const word of phrase.parts[0] ?? []) phrases.set(word, [...(phrases.get(word) ?? []), phrase])
  }
  return phrases
}

/** Signs with which chats are written down for models: in a text they forge a turn of the system's. */
export const markers =
  /<\|(?:im_start|im_end|system|endoftext|eot_id|start_header_id|user|assistant)\|>|\[\/?(?:INST|SYS)\]|<<\/?SYS>>|<\/?(?:system|assistant|system_prompt|instructions)>|#{2,4} ?(?:system|new instructions?|instructions?)(?: prompt| message)?:|(?<![^\n])(?:system|assistant|human): (?=you |ignore|new |from now)|\bBEGIN (?:SYSTEM|ADMIN) (?:PROMPT|MESSAGE|OVERRIDE)\b|\b(?:jailbreak|dan) mode\b/gi
