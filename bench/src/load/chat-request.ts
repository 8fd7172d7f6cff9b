const conversation = [
  {
    role: 'system',
    content:
      'You answer the customers of an online bookshop. Be brief, name the order that you speak of, and promise nothing ' +
      'that the terms of sale do not grant.',
  },
  {
    role: 'user',
    content:
      'Good morning. My order 48213 should have come on Tuesday and the tracking has not moved since. Where is it?',
  },
  {
    role: 'assistant',
    content:
      'I am sorry. Order 48213 left our warehouse on Saturday; the carrier last scanned it on Sunday evening.',
  },
  {
    role: 'user',
    content:
      'It is a present for Friday. If it does not come by then I want either my money or another copy, whichever is ' +
      'faster. What can you do, and what do you need from me?',
  },
]

/** The same as `chatRequest` in Anthropic's dialect. */
export function messagesRequest(model: string): string {
  const [system, ...messages] = conversation
  return JSON.stringify({
    model,
    system: system?.content,
    messages,
    temperature: 0.3,
    top_p: 0.95,
    max_tokens: 400,
    metadata: { user_id: 'customer-77120' },
  })
}

/** A chat request of about 1 kB, as an application with a short conversation sends it. */
export function chatRequest(model: string, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: conversation,
    temperature: 0.3,
    top_p: 0.95,
    max_tokens: 400,
    user: 'customer-77120',
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  })
}
