-- +goose Up
UPDATE applications SET kind = json_extract(document, '$.kind');
