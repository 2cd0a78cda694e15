import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a reviewer would approve stands on the review, which the applicant does not see; the application has an approved amount
 * from the moment it is approved.
 */
export class ReviewAmounts1795420816000 implements MigrationInterface {
  name = 'ReviewAmounts1795420816000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE benevolence_reviews
        ADD COLUMN approved_amount numeric(10,2),
        ADD CONSTRAINT benevolence_reviews_approved_amount_check
          CHECK (approved_amount IS NULL OR (approved_amount > 0 AND decision = 'approved'));

      UPDATE benevolence_reviews r SET approved_amount = a.approved_amount FROM benevolence_applications a
        WHERE a.approved_amount IS NOT NULL AND r.id = (SELECT max(id) FROM benevolence_reviews
          WHERE application_id = a.id AND decision = 'approved');
      UPDATE benevolence_applications SET approved_amount = NULL
        WHERE approved_amount IS NOT NULL AND status NOT IN ('approved', 'paid');

      ALTER TABLE benevolence_applications DROP CONSTRAINT benevolence_applications_approval_check,
        ADD CONSTRAINT benevolence_applications_approval_check
          CHECK ((status IN ('approved', 'paid')) = (approved_amount IS NOT NULL));
    `);
  }

  async down(): Promise<void> {
    throw new Error('Records are not taken down.');
  }
}
