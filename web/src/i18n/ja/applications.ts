import type { Catalog } from '../catalog'

export const applications: Catalog['applications'] = {
  title: 'アプリケーション',
  count: (_, shown) => `${shown} 件のアプリケーション`,
  status: '状態',
  kind: '種類',
  version: 'バージョン',
  piped: 'Piped',
  updated: '更新',
  labels: 'ラベル',
  emptyTitle: 'アプリケーションはまだありません',
  emptyText: 'アプリケーションは、app.pipecd.yaml を置いた Git のフォルダーと、それが定義する ECS サービスの組です。',
}
