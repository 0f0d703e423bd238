import { useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'

// useHeadingFocus brings the focus to the new page's heading, as a page load
// would. A change of the search parameters alone moves nothing.
export function useHeadingFocus(): void {
  const router = useRouter()
  useEffect(() => {
    let again: number | undefined
    const stop = router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
      if (!fromLocation || !pathChanged) return
      const focus = (tries: number) => {
        const heading = document.querySelector<HTMLElement>('#main h1')
        if (heading) heading.focus({ preventScroll: true })
        else if (tries > 0) again = requestAnimationFrame(() => focus(tries - 1))
      }
      focus(30)
    })
    return () => {
      stop()
      if (again !== undefined) cancelAnimationFrame(again)
    }
  }, [router])
}
