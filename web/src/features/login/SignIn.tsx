import { Code } from '@connectrpc/connect'
import { useMutation } from '@tanstack/react-query'
import { Eye, EyeOff } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { api, isCode } from '~/api'
import { useTexts } from '~/i18n'
import { Banner, Button, ErrorPanel, IconButton, TextField } from '~/kit'
import styles from './login.module.css'
import { rememberProject } from './projects'

interface Props {
  project: string
  username?: string
  onDone: () => void
  aside?: ReactNode // beside the button
}

// SignIn asks for username and password of a project's static admin.
export function SignIn({ project, username: given = '', onDone, aside }: Props) {
  const t = useTexts()
  const [username, setUsername] = useState(given)
  const [password, setPassword] = useState('')
  const [visible, setVisible] = useState(false)
  const login = useMutation({
    mutationFn: () => api.login({ projectId: project, username, password }),
    onSuccess: () => {
      rememberProject(project)
      setPassword('')
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    login.mutate()
  }
  return (
    <form className={styles.form} onSubmit={submit}>
      <TextField
        label={t.login.username}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus={given === ''}
        value={username}
        onChange={setUsername}
      />
      <TextField
        label={t.login.password}
        name="password"
        type={visible ? 'text' : 'password'}
        autoComplete="current-password"
        required
        autoFocus={given !== ''}
        data-autofocus={given !== '' || undefined}
        value={password}
        onChange={setPassword}
        inside={
          <IconButton
            label={visible ? t.login.hidePassword : t.login.showPassword}
            icon={visible ? <EyeOff size={16} aria-hidden="true" /> : <Eye size={16} aria-hidden="true" />}
            onClick={() => setVisible(!visible)}
          />
        }
      />
      {login.isError && <Refusal error={login.error} />}
      <div className={styles.buttons}>
        {aside}
        <Button type="submit" look="main" busy={login.isPending}>
          {login.isPending ? t.login.signingIn : t.login.signIn}
        </Button>
      </div>
    </form>
  )
}

function Refusal({ error }: { error: unknown }) {
  const t = useTexts()
  if (isCode(error, Code.Unauthenticated) || isCode(error, Code.NotFound))
    return (
      <div role="alert">
        <Banner tone="bad">{t.login.refused}</Banner>
      </div>
    )
  if (isCode(error, Code.ResourceExhausted))
    return (
      <div role="alert">
        <Banner tone="warn">{t.login.throttled}</Banner>
      </div>
    )
  return <ErrorPanel error={error} />
}
