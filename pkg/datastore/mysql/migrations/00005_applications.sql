-- +goose Up
CREATE TABLE IF NOT EXISTS applications (
  id          VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id  VARBINARY(255) NOT NULL,
  piped_id    VARBINARY(255) NOT NULL,
  name        VARCHAR(255) NOT NULL,
  kind        INT NOT NULL,
  sync_status INT NOT NULL,
  disabled    TINYINT NOT NULL,
  deleted     TINYINT NOT NULL,
  place       VARBINARY(64),
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  document    LONGTEXT NOT NULL,
  version     BIGINT NOT NULL,
  UNIQUE KEY applications_by_place (place),
  KEY applications_by_time (deleted, updated_at, id),
  KEY applications_by_project (project_id, deleted, updated_at, id),
  KEY applications_by_piped (piped_id, deleted, updated_at, id),
  KEY applications_by_sync_status (project_id, deleted, sync_status, updated_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
