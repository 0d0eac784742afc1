-- owner: backend team
-- purpose: a unique slug for each form (GET /api/forms-map), and an index for the newest-first list
-- way back: alter table "forms" drop column "slug"; drop index "forms_created_at_index"; loses slugs only
-- Nullable, so that the previous release keeps writing while both run.

ALTER TABLE "forms" ADD COLUMN "slug" text;--> statement-breakpoint
-- Rows from before the column: readable, and unique by a piece of the id.
UPDATE "forms" SET "slug" = coalesce(nullif(trim(both '-' from regexp_replace(lower("title"), '[^a-z0-9]+', '-', 'g')), ''), 'form') || '-' || left("id"::text, 8);--> statement-breakpoint
CREATE INDEX "forms_created_at_index" ON "forms" USING btree ("created_at" DESC NULLS FIRST,"id");--> statement-breakpoint
ALTER TABLE "forms" ADD CONSTRAINT "forms_slug_unique" UNIQUE("slug");
