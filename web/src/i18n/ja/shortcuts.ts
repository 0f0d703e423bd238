import type { Catalog } from '../catalog'

export const shortcuts: Catalog['shortcuts'] = {
  title: 'キーボードショートカット',
  everywhere: '全画面共通',
  lists: '一覧',
  page: 'この画面',
  jump: '検索・移動',
  help: 'この一覧を表示',
  goApplications: 'アプリケーションへ',
  goDeployments: 'デプロイへ',
  goSettings: '設定へ',
  search: '画面内を検索',
  next: '次の行',
  previous: '前の行',
  open: '開く',
  theme: 'テーマを切り替え',
  after: '→',
}
