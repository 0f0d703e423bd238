import type { Catalog } from '../catalog'

export const login: Catalog['login'] = {
  title: 'プロジェクトにログイン',
  titleOf: project => `${project} にログイン`,
  project: 'プロジェクト',
  projectHint: '管理者が設定したプロジェクト ID を入力してください。',
  recent: 'このブラウザーで使ったプロジェクト',
  forget: project => `${project} を履歴から消す`,
  continue: '次へ',
  username: 'ユーザー名',
  password: 'パスワード',
  showPassword: 'パスワードを表示',
  hidePassword: 'パスワードを隠す',
  signIn: 'ログイン',
  signingIn: 'ログイン中…',
  back: '別のプロジェクト',
  refused: 'ユーザー名またはパスワードが正しくありません。',
  throttled: '試行回数が多すぎます。少し待ってからもう一度お試しください。',
  endedTitle: 'セッションが切れました',
  endedText: 'もう一度ログインすると、この画面の続きから作業できます。入力中の内容は残っています。',
  asSomeoneElse: '別のユーザーでログイン',
  tagline: 'コミットから本番まで、段階的に確実に。',
}
