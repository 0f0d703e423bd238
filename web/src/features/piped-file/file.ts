export interface Identity {
  // host:port of the control plane.
  readonly address: string
  // The control plane has no TLS.
  readonly insecure: boolean
  readonly project: string
  readonly piped: string
}

// scalar writes a text so that YAML reads it as that text.
function scalar(value: string): string {
  const plain = /^[A-Za-z_/][\w./@-]*(:\d+)?$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value)
  return plain ? value : JSON.stringify(value)
}

// examples are what a piped works with, to be filled in. The first two are the
// least that a first application needs.
const examples = {
  repositories: `repositories:
  - repoId: my-repository
    remote: git@github.com:example/my-repository.git
    branch: main
`,
  platformProviders: `platformProviders:
  - name: my-ecs
    type: ECS
    config:
      region: ap-northeast-1
`,
  git: `git:
  sshKeyFile: /path/to/ssh-key
`,
  analysisProviders: `analysisProviders:
  - name: my-datadog
    type: DATADOG
    config:
      apiKeyFile: /path/to/datadog-api-key
      applicationKeyFile: /path/to/datadog-application-key
`,
}

function indented(text: string, by: string): string {
  return text.replaceAll(/^(?=.)/gm, by)
}

// firstExamples are those that a first application needs, as a part of the file.
export const firstExamples = indented(examples.repositories + examples.platformProviders, '  ')

// pipedFile is the configuration. What the piped works with is commented out,
// so that it connects at once and is filled in afterwards.
export function pipedFile(id: Identity, keyFile: string, comment: string): string {
  const { repositories, git, platformProviders, analysisProviders } = examples
  return `apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: ${scalar(id.project)}
  pipedID: ${scalar(id.piped)}
  pipedKeyFile: ${scalar(keyFile)}
  apiAddress: ${scalar(id.address)}
  # ${comment}
${indented(repositories + git + platformProviders + analysisProviders, '  # ')}`
}

export function flagsOf({ insecure }: Pick<Identity, 'insecure'>): string {
  return insecure ? ' --insecure' : ''
}

// startCommand runs a piped on the machine where its file is.
export function startCommand(id: Pick<Identity, 'insecure'>): string {
  return `piped run --config-file=piped.yaml${flagsOf(id)}`
}
