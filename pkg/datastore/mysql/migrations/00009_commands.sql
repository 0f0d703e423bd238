-- +goose Up
CREATE TABLE IF NOT EXISTS commands (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id VARBINARY(255) NOT NULL,
  piped_id   VARBINARY(255) NOT NULL,
  status     INT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  document   LONGTEXT NOT NULL,
  version    BIGINT NOT NULL,
  KEY commands_by_status (piped_id, status, created_at, id),
  KEY commands_by_age (status, created_at, id)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
