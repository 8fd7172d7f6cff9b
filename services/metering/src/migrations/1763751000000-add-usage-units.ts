import type { MigrationInterface, QueryRunner } from 'typeorm'

const units = [
  'cache_write_1h_tokens',
  'audio_input_tokens',
  'cached_audio_input_tokens',
  'audio_output_tokens',
  'image_input_tokens',
  'cached_image_input_tokens',
  'image_output_tokens',
  'video_input_tokens',
  'video_output_tokens',
  'citation_tokens',
  'images',
  'characters',
  'audio_seconds',
  'searches',
  'web_searches',
  'file_searches',
  'charged_requests',
]

export class AddUsageUnits1763751000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // Hardly any attempt has one of these: null takes a bit where zero would take four bytes.
    const columns = units.map((unit) => `ADD COLUMN ${unit} integer`).join(', ')
    await queryRunner.query(`ALTER TABLE ledger ${columns}, ADD COLUMN service_tier text COLLATE "C"`)
    const sums = units.map((unit) => `ADD COLUMN ${unit} bigint NOT NULL DEFAULT 0`).join(', ')
    await queryRunner.query(`ALTER TABLE usage_hourly ${sums}`)
    await queryRunner.query(`ALTER TABLE price ADD COLUMN service_tiers jsonb`)
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const columns = units.map((unit) => `DROP COLUMN ${unit}`).join(', ')
    await queryRunner.query(`ALTER TABLE ledger ${columns}, DROP COLUMN service_tier`)
    await queryRunner.query(`ALTER TABLE usage_hourly ${columns}`)
    await queryRunner.query(`ALTER TABLE price DROP COLUMN service_tiers`)
  }
}
