import { ChevronRight, X } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useTexts } from '~/i18n'
import { Button, IconButton, TextField } from '~/kit'
import styles from './login.module.css'
import { forgetProject, recentProjects } from './projects'

// ChooseProject asks for a project, offering those used before.
export function ChooseProject({ onChoose }: { onChoose: (project: string) => void }) {
  const t = useTexts()
  const [recent, setRecent] = useState(recentProjects)
  const [project, setProject] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (project.trim()) onChoose(project.trim())
  }
  return (
    <div className={styles.form}>
      {recent.length > 0 && (
        <section aria-label={t.login.recent}>
          <p className={styles.caption}>{t.login.recent}</p>
          <ul className={styles.recent}>
            {recent.map(p => (
              <li key={p}>
                <button type="button" className={styles.pick} onClick={() => onChoose(p)}>
                  <span>{p}</span>
                  <ChevronRight size={16} aria-hidden="true" />
                </button>
                <IconButton
                  label={t.login.forget(p)}
                  icon={<X size={16} aria-hidden="true" />}
                  onClick={() => {
                    forgetProject(p)
                    setRecent(recentProjects())
                  }}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      <form className={styles.form} onSubmit={submit}>
        <TextField
          label={t.login.project}
          hint={t.login.projectHint}
          name="project"
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus={recent.length === 0}
          value={project}
          onChange={setProject}
        />
        <div className={styles.buttons}>
          <Button type="submit" look={recent.length > 0 ? 'plain' : 'main'}>
            {t.login.continue}
          </Button>
        </div>
      </form>
    </div>
  )
}
