import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { useEffect } from 'react'
import { ChooseProject, SignIn } from '~/features/login'
import { Appearance } from '~/features/preferences'
import { useTexts } from '~/i18n'
import { Button } from '~/kit'
import { Logo } from '~/kit/Logo'
import styles from './login.module.css'

export function LoginPage() {
  const t = useTexts()
  const search = useSearch({ from: '/login' })
  const navigate = useNavigate()
  const router = useRouter()
  const client = useQueryClient()
  const { project } = search
  const title = project ? t.login.titleOf(project) : t.login.title
  useEffect(() => {
    document.title = `${title} · pipecd`
  }, [title])
  const done = () => {
    client.clear()
    router.history.push(search.return ?? '/')
  }
  const choose = (p: string | undefined) =>
    void navigate({ to: '/login', search: { ...search, project: p } as typeof search })
  return (
    <div className={styles.page}>
      <main className={styles.middle}>
        <div className={styles.card}>
          <div className={styles.brand}>
            <Logo size={26} />
            {t.shell.product}
          </div>
          <div className={styles.head}>
            <h1 tabIndex={-1}>{title}</h1>
            <p>{t.login.tagline}</p>
          </div>
          {project ? (
            <SignIn
              project={project}
              onDone={done}
              aside={
                <Button look="quiet" onClick={() => choose(undefined)}>
                  <ArrowLeft size={16} aria-hidden="true" />
                  {t.login.back}
                </Button>
              }
            />
          ) : (
            <ChooseProject onChoose={choose} />
          )}
        </div>
      </main>
      <footer className={styles.foot}>
        <Appearance />
      </footer>
    </div>
  )
}
