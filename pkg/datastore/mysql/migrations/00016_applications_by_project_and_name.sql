-- +goose Up
-- The names are in the index, so that a part of a name is looked for without reading the documents.
-- MySQL has no CREATE INDEX IF NOT EXISTS, and a step that was cut off is begun again.
SET @make = IF(
  (SELECT COUNT(*) FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'applications' AND index_name = 'applications_by_project_and_name') = 0,
  'CREATE INDEX applications_by_project_and_name ON applications (project_id, deleted, updated_at, id, name)',
  'DO 0');
PREPARE make FROM @make;
EXECUTE make;
DEALLOCATE PREPARE make;
