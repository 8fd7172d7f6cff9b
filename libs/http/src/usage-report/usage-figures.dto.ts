import { ApiProperty } from '@nestjs/swagger'
import type { UsageField } from '@weir/rating'

const Count = (description: string): PropertyDecorator => ApiProperty({ type: 'integer', description })

/**
 * What was used. All of it is disjoint: a token is in one of the kinds of tokens alone, and the sum of
 * those is all that went in and came out.
 */
export class UsageFigures implements Record<UsageField, number> {
  @Count('Fresh input tokens: neither read from nor written to a cache of the provider.')
  input_tokens: number

  @Count("Input tokens read from the provider's cache.")
  cached_input_tokens: number

  @Count(
    "Input tokens written to the provider's cache for 5 minutes, or for as long as it keeps them anyway.",
  )
  cache_write_tokens: number

  @Count('Output tokens, without reasoning.')
  output_tokens: number

  @Count('Output tokens spent on reasoning.')
  reasoning_tokens: number

  @Count("Input tokens written to the provider's cache for an hour.")
  cache_write_1h_tokens: number

  @Count('Fresh input tokens that are sound.')
  audio_input_tokens: number

  @Count("Input tokens that are sound, read from the provider's cache.")
  cached_audio_input_tokens: number

  @Count('Output tokens that are sound.')
  audio_output_tokens: number

  @Count('Fresh input tokens that are images, where the provider tells them apart.')
  image_input_tokens: number

  @Count("Input tokens that are images, read from the provider's cache.")
  cached_image_input_tokens: number

  @Count('Output tokens that are images.')
  image_output_tokens: number

  @Count('Fresh input tokens that are video, where the provider tells them apart.')
  video_input_tokens: number

  @Count('Output tokens that are video.')
  video_output_tokens: number

  @Count('Tokens of citations, where the provider charges for them apart.')
  citation_tokens: number

  @Count('Images made, where the provider counts no tokens for them.')
  images: number

  @Count('Characters spoken, where the provider counts no tokens for them.')
  characters: number

  @Count('Seconds of sound transcribed, a begun one whole, where the provider counts no tokens for them.')
  audio_seconds: number

  @Count('Searches of a rerank.')
  searches: number

  @Count('Searches of the web that the provider made for its answers.')
  web_searches: number

  @Count('Searches of files kept at the provider that it made for its answers.')
  file_searches: number

  @Count('Requests of which the provider counts nothing else (moderation).')
  charged_requests: number
}
