import type { Catalog } from '../catalog'

export const welcome: Catalog['welcome'] = {
  lead: '5 つの手順で、コミットするだけでデプロイされるようになります。完了した手順には自動で印が付きます。途中で離れても構いません。',
  doneText: 'これからは、コミットするだけでデプロイされます。',
  progress: (done, all) => `${all} 件中 ${done} 件完了`,
  done: '完了',
  now: '次の手順',
  later: 'この後',
  or: 'コマンドラインの場合',
  command: 'コマンド',
  snippet: '設定',
  piped: {
    title: 'Piped を作る',
    text: 'インフラの近くで動き、デプロイを実行するエージェントです。認証情報は Piped だけが持ち、このコントロールプレーンには渡りません。',
    done: names => `作成済み: ${names}`,
    link: 'Piped を追加',
  },
  connected: {
    title: 'Piped を起動する',
    text: 'Git と AWS に接続できる場所で実行します。外向きの接続だけを使います。',
    waiting: name => `${name} の接続を待っています…`,
    done: names => `接続済み: ${names}`,
    file: '設定ファイル(piped.yaml)',
  },
  repository: {
    title: 'リポジトリを登録する',
    text: 'Piped の設定ファイルに Git リポジトリとデプロイ先を書き、Piped を再起動します。',
    done: names => `監視中: ${names}`,
  },
  application: {
    title: 'アプリケーションを追加する',
    text: 'アプリケーションは、リポジトリ内の app.pipecd.yaml を置いたフォルダーと、それが定義する ECS サービスの組です。',
    found: (_, shown) => `Git で ${shown} 件のアプリケーションが見つかり、追加を待っています。`,
    done: names => `追加済み: ${names}`,
    link: 'アプリケーションを追加',
  },
  deployment: {
    title: 'デプロイする',
    text: 'Piped が次に Git を確認したときにデプロイし、以後はフォルダーへのコミットごとにデプロイします。同期ですぐに始めることもできます。',
    done: name => `デプロイ済み: ${name}`,
    link: 'アプリケーションを開く',
    linkDone: 'デプロイを開く',
  },
  others: (_, shown) => `ほか ${shown} 件`,
  toApplications: 'アプリケーション一覧へ',
}
