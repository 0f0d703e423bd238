// What a person pastes to run a new piped, for each place where it can run. The
// key is only ever named as a file.

export const places = ['binary', 'systemd', 'ecs', 'kubernetes'] as const
export type Place = (typeof places)[number]

export interface Identity {
  // host:port of the control plane.
  readonly address: string
  // The control plane has no TLS.
  readonly insecure: boolean
  readonly project: string
  readonly piped: string
}

// Step is one thing to do; its words are t.pipeds.setup.steps[id].
export interface Step {
  readonly id: 'key' | 'keySecret' | 'file' | 'unit' | 'task' | 'manifest' | 'start' | 'secrets'
  // The file that the text is the content of; a command without one.
  readonly file?: string
  readonly text: string
}

// addressOf takes host and port from the base URL that the control plane is
// configured with, or else from where this page came from.
export function addressOf(configured: string, page: { protocol: string; host: string }): [string, boolean] {
  const url = parsed(configured) ?? parsed(`${page.protocol}//${page.host}`)
  if (!url) return [page.host, false]
  const insecure = url.protocol === 'http:'
  return [`${url.hostname}:${url.port || (insecure ? 80 : 443)}`, insecure]
}

function parsed(url: string): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}

// scalar writes a text so that YAML reads it as that text.
function scalar(value: string): string {
  const plain = /^[A-Za-z_/][\w./@-]*(:\d+)?$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value)
  return plain ? value : JSON.stringify(value)
}

// pipedFile is the configuration. What the piped works with is commented out,
// so that it connects at once and is filled in afterwards.
export function pipedFile(id: Identity, keyFile: string, comment: string): string {
  return `apiVersion: pipecd.dev/v1beta1
kind: Piped
spec:
  projectID: ${scalar(id.project)}
  pipedID: ${scalar(id.piped)}
  pipedKeyFile: ${scalar(keyFile)}
  apiAddress: ${scalar(id.address)}
  # ${comment}
  # repositories:
  #   - repoId: my-repository
  #     remote: git@github.com:example/my-repository.git
  #     branch: main
  # git:
  #   sshKeyFile: /path/to/ssh-key
  # platformProviders:
  #   - name: my-ecs
  #     type: ECS
  #     config:
  #       region: ap-northeast-1
  # analysisProviders:
  #   - name: my-datadog
  #     type: DATADOG
  #     config:
  #       apiKeyFile: /path/to/datadog-api-key
  #       applicationKeyFile: /path/to/datadog-application-key
`
}

// setup returns the steps for a place.
export function setup(place: Place, id: Identity, comment: string): readonly Step[] {
  const flags = id.insecure ? ' --insecure' : ''
  switch (place) {
    case 'binary':
      return [
        { id: 'key', text: '(umask 077; cat > piped-key)' },
        { id: 'file', file: 'piped.yaml', text: pipedFile(id, 'piped-key', comment) },
        { id: 'start', text: `piped run --config-file=piped.yaml${flags}` },
      ]
    case 'systemd':
      return [
        { id: 'key', text: "sudo sh -c 'mkdir -p /etc/piped && umask 077 && cat > /etc/piped/piped-key'" },
        {
          id: 'file',
          file: '/etc/piped/piped.yaml',
          text: pipedFile(id, '/run/credentials/piped.service/piped-key', comment),
        },
        { id: 'unit', file: '/etc/systemd/system/piped.service', text: unit(flags) },
        { id: 'start', text: 'sudo systemctl daemon-reload\nsudo systemctl enable --now piped' },
      ]
    case 'ecs':
      return [
        { id: 'key', text: '(umask 077; cat > piped-key)' },
        { id: 'file', file: 'piped.yaml', text: pipedFile(id, '/tmp/piped-key', comment) },
        {
          id: 'secrets',
          text: ['piped-key', 'piped.yaml']
            .map(f => `aws secretsmanager create-secret --name ${f} --secret-string file://${f}`)
            .join('\n'),
        },
        { id: 'task', file: 'piped-task.json', text: task(flags) },
        {
          id: 'start',
          text: [
            'aws ecs register-task-definition --cli-input-json file://piped-task.json',
            'aws ecs create-service --cluster my-cluster --service-name piped --task-definition piped \\',
            '  --desired-count 1 --launch-type FARGATE \\',
            '  --deployment-configuration minimumHealthyPercent=0,maximumPercent=100 \\',
            "  --network-configuration 'awsvpcConfiguration={subnets=[subnet-1],securityGroups=[sg-1]}'",
          ].join('\n'),
        },
      ]
    case 'kubernetes':
      return [
        { id: 'key', text: '(umask 077; cat > piped-key)' },
        { id: 'file', file: 'piped.yaml', text: pipedFile(id, '/etc/piped/piped-key', comment) },
        {
          id: 'keySecret',
          text: [
            'kubectl create namespace piped',
            'kubectl -n piped create secret generic piped --from-file=piped-key --from-file=piped.yaml',
          ].join('\n'),
        },
        { id: 'manifest', file: 'piped-deployment.yaml', text: manifest(flags) },
        { id: 'start', text: 'kubectl apply -f piped-deployment.yaml' },
      ]
  }
}

function unit(flags: string): string {
  return `[Unit]
Description=piped, the agent of pipecd
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/piped run --config-file=/etc/piped/piped.yaml${flags}
LoadCredential=piped-key:/etc/piped/piped-key
DynamicUser=yes
StateDirectory=piped
Environment=PIPED_DATA_DIR=/var/lib/piped
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
`
}

// The image's files come from the two secrets, by way of the environment.
function task(flags: string): string {
  const secret = (name: string) => `arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:${name}`
  const start = [
    'umask 077',
    'printf %s "$PIPED_KEY" > /tmp/piped-key',
    'printf %s "$PIPED_FILE" > /tmp/piped.yaml',
    'unset PIPED_KEY PIPED_FILE',
    `exec piped run --config-file=/tmp/piped.yaml --data-dir=/tmp/piped${flags}`,
  ]
  const definition = {
    family: 'piped',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/piped-execution',
    taskRoleArn: 'arn:aws:iam::123456789012:role/piped',
    containerDefinitions: [
      {
        name: 'piped',
        image: 'registry.example.com/pipecd:latest',
        essential: true,
        entryPoint: ['/bin/sh', '-ec'],
        command: [start.join('; ')],
        secrets: [
          { name: 'PIPED_KEY', valueFrom: secret('piped-key') },
          { name: 'PIPED_FILE', valueFrom: secret('piped.yaml') },
        ],
      },
    ],
  }
  return `${JSON.stringify(definition, null, 2)}\n`
}

function manifest(flags: string): string {
  const more = flags ? ', "--insecure"' : ''
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: piped
  namespace: piped
spec:
  replicas: 1
  strategy:
    type: Recreate
  selector:
    matchLabels:
      app: piped
  template:
    metadata:
      labels:
        app: piped
    spec:
      securityContext:
        runAsUser: 10001
        fsGroup: 10001
      containers:
        - name: piped
          image: registry.example.com/pipecd:latest
          command: ["piped", "run"]
          args: ["--config-file=/etc/piped/piped.yaml", "--data-dir=/data"${more}]
          volumeMounts:
            - name: config
              mountPath: /etc/piped
              readOnly: true
            - name: data
              mountPath: /data
      volumes:
        - name: config
          secret:
            secretName: piped
            defaultMode: 0440
        - name: data
          emptyDir: {}
`
}
