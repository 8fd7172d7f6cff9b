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
    const sums = units.map((unit) => `ADD COLUMN ${unit} bigint NOT NULL DEFAULT 0`).join(', ')
    for (const table of ['rollup', 'business_unit_rollup']) {
      await queryRunner.query(`ALTER TABLE ${table} ${sums}`)
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const columns = units.map((unit) => `DROP COLUMN ${unit}`).join(', ')
    for (const table of ['rollup', 'business_unit_rollup']) {
      await queryRunner.query(`ALTER TABLE ${table} ${columns}`)
    }
  }
}
