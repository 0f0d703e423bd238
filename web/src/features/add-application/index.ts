import { lazy } from 'react'

// Adding an application, and changing what was said when it was added. Most
// visits open no form, so its code comes with the first one: give it a Suspense.
export type { Way } from './AddDrawer'
export const AddDrawer = lazy(() => import('./AddDrawer').then(m => ({ default: m.AddDrawer })))
export const EditDrawer = lazy(() => import('./EditDrawer').then(m => ({ default: m.EditDrawer })))
