-- +goose Up
SET @remove = IF(
  (SELECT COUNT(*) FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'applications' AND index_name = 'applications_by_project') > 0,
  'DROP INDEX applications_by_project ON applications',
  'DO 0');
PREPARE remove FROM @remove;
EXECUTE remove;
DEALLOCATE PREPARE remove;
