import type { ReactNode } from 'react'
import { Page } from './Page'

// Gone is the page of what does not exist, or not any more, with a way on.
export function Gone({ title, text, way }: { title: string; text: string; way: ReactNode }) {
  return (
    <Page title={title}>
      <p>{text}</p>
      <p>{way}</p>
    </Page>
  )
}
