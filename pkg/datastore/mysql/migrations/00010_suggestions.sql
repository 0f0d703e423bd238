-- +goose Up
CREATE TABLE IF NOT EXISTS suggestions (
  piped_id   VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id VARBINARY(255) NOT NULL,
  document   LONGTEXT NOT NULL,
  KEY suggestions_by_project (project_id, piped_id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
