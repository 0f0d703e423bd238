// What a person pastes to run a new piped, for each place where it can run. The
// key is only ever named as a file.
import { flagsOf, type Identity, pipedFile, startCommand } from '~/features/piped-file'

export const places = ['binary', 'systemd', 'ecs', 'kubernetes'] as const
export type Place = (typeof places)[number]

// Step is one thing to do; its words are t.pipeds.setup.steps[id].
export interface Step {
  readonly id: 'key' | 'keySecret' | 'file' | 'unit' | 'task' | 'manifest' | 'start' | 'secrets'
  // The file that the text is the content of; a command without one.
  readonly file?: string
  readonly text: string
}

// setup returns the steps for a place.
export function setup(place: Place, id: Identity, comment: string): readonly Step[] {
  const flags = flagsOf(id)
  switch (place) {
    case 'binary':
      return [
        { id: 'key', text: '(umask 077; cat > piped-key)' },
        { id: 'file', file: 'piped.yaml', text: pipedFile(id, 'piped-key', comment) },
        { id: 'start', text: startCommand(id) },
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
