import { Suspense } from 'react'
import { Welcome } from '~/features/welcome'
import { useTexts } from '~/i18n'
import { Page, SkeletonRows } from '~/kit'

export function WelcomePage() {
  const t = useTexts()
  return (
    <Page title={t.shell.welcome}>
      <Suspense fallback={<SkeletonRows />}>
        <Welcome />
      </Suspense>
    </Page>
  )
}
