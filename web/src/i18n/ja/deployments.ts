import type { Catalog } from '../catalog'

export const deployments: Catalog['deployments'] = {
  title: 'デプロイ',
  application: 'アプリケーション',
  status: '状態',
  summary: '概要',
  commit: 'コミット',
  started: '開始',
  duration: '所要時間',
  noSummary: '説明はありません。',
  emptyTitle: 'デプロイはまだありません',
  emptyText: 'コミットでアプリケーションが変わるか、Sync を実行すると、デプロイが始まります。',
}
