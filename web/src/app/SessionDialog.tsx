import { useQuery, useQueryClient } from '@tanstack/react-query'
import { meQuery, session } from '~/api'
import { SignIn } from '~/features/login'
import { useTexts } from '~/i18n'
import { buttonClass, Dialog } from '~/kit'

// SessionDialog asks for the password over the page when the session has ended.
// The page, and what was typed into it, stays.
export default function SessionDialog() {
  const t = useTexts()
  const client = useQueryClient()
  const me = useQuery({ ...meQuery, enabled: false }).data
  if (!me) return null
  const done = () => {
    session.renewed()
    void client.invalidateQueries()
  }
  return (
    <Dialog open insistent title={t.login.endedTitle} onClose={() => {}}>
      <p>{t.login.endedText}</p>
      <br />
      <SignIn
        project={me.projectId}
        username={me.username}
        onDone={done}
        aside={
          <a href="/login" className={buttonClass('quiet')}>
            {t.login.asSomeoneElse}
          </a>
        }
      />
    </Dialog>
  )
}
