-- +goose Up
CREATE TABLE IF NOT EXISTS pipeds (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  project_id VARBINARY(255) NOT NULL,
  name       VARBINARY(255) NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  document   LONGTEXT NOT NULL,
  version    BIGINT NOT NULL,
  UNIQUE KEY pipeds_by_name (project_id, name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC;
