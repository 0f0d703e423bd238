import { Welcome } from '~/features/welcome'
import { useTexts } from '~/i18n'
import { Page } from '~/kit'

export function WelcomePage() {
  const t = useTexts()
  return (
    <Page title={t.welcome.title}>
      <Welcome />
    </Page>
  )
}
