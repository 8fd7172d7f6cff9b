/** The effort that a budget of thinking tokens comes near to, for vendors that name one instead of counting. */
export function effortOfBudget(tokens: number): 'none' | 'low' | 'medium' | 'high' {
  if (tokens <= 0) return 'none'
  if (tokens <= 2_048) return 'low'
  return tokens <= 8_192 ? 'medium' : 'high'
}
