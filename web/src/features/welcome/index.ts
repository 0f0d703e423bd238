import { lazy } from 'react'

// From an empty project to the first deployment. Lists show it when they are
// empty, which is rare: give it a Suspense.
export const Welcome = lazy(() => import('./Welcome').then(m => ({ default: m.Welcome })))
