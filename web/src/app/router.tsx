import { Code } from '@connectrpc/connect'
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { isCode, meQuery } from '~/api'
import { parseSearch, type RawSearch, stringifySearch, text, without } from '~/kit/search'
import { applicationSearch } from '~/pages/application.search'
import { applicationsSearch } from '~/pages/applications.search'
import { deploymentSearch } from '~/pages/deployment.search'
import { deploymentsSearch } from '~/pages/deployments.search'
import { loginSearch } from '~/pages/login.search'
import { pipedsSearch } from '~/pages/pipeds.search'
import { Crash, NotFound, Waiting } from './Fallbacks'
import { Shell } from './Shell'
import { page } from './Unloaded'

// All routes. A new page: its file in pages/, its search parameters in
// pages/NAME.search.ts, a route here, and a row in routes.json for the server.

interface Context {
  queries: QueryClient
}

interface RootSearch {
  // Kept in the address of every page.
  project?: string
}

const root = createRootRouteWithContext<Context>()({
  validateSearch: (raw: RawSearch): RootSearch => without({ project: text(raw, 'project') }) as RootSearch,
  search: { middlewares: [retainSearchParams(['project'])] },
  component: Outlet,
})

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: loginSearch,
  component: page(() => import('~/pages/login'), 'LoginPage'),
})

// Everything but login is in the shell and needs a session.
const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  beforeLoad: async ({ context, location, search }) => {
    const back = location.href === '/' ? {} : { return: location.href }
    const project = search.project ? { project: search.project } : {}
    const me = await context.queries.ensureQueryData(meQuery).catch((error: unknown) => {
      if (isCode(error, Code.Unauthenticated)) throw redirect({ to: '/login', search: { ...project, ...back } })
      throw error
    })
    // A link into another project than the session's.
    if (search.project && search.project !== me.projectId)
      throw redirect({ to: '/login', search: { ...project, ...back } })
    if (!search.project)
      throw redirect({ to: '.', search: s => ({ ...s, project: me.projectId }), hash: true, replace: true })
  },
  component: Shell,
})

const inShell = { getParentRoute: () => shell } as const

const home = createRoute({
  ...inShell,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/applications', replace: true })
  },
})

const applications = createRoute({
  ...inShell,
  path: '/applications',
  validateSearch: applicationsSearch,
  component: page(() => import('~/pages/applications'), 'ApplicationsPage'),
})

const application = createRoute({
  ...inShell,
  path: '/applications/$id',
  validateSearch: applicationSearch,
  component: page(() => import('~/pages/application'), 'ApplicationPage'),
})

const deployments = createRoute({
  ...inShell,
  path: '/deployments',
  validateSearch: deploymentsSearch,
  component: page(() => import('~/pages/deployments'), 'DeploymentsPage'),
})

const deployment = createRoute({
  ...inShell,
  path: '/deployments/$id',
  validateSearch: deploymentSearch,
  component: page(() => import('~/pages/deployment'), 'DeploymentPage'),
})

const settings = createRoute({
  ...inShell,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/piped', replace: true })
  },
})

const pipeds = createRoute({
  ...inShell,
  path: '/settings/piped',
  validateSearch: pipedsSearch,
  component: page(() => import('~/pages/pipeds'), 'PipedsPage'),
})

const welcome = createRoute({
  ...inShell,
  path: '/welcome',
  component: page(() => import('~/pages/welcome'), 'WelcomePage'),
})

// Everything else, with the shell around it.
const other = createRoute({ ...inShell, path: '/$', component: NotFound })

// The kit's gallery exists while developing only.
const gallery = import.meta.env.DEV
  ? createRoute({
      getParentRoute: () => root,
      path: '/gallery',
      component: page(() => import('~/pages/gallery'), 'GalleryPage'),
    })
  : undefined

const tree = root.addChildren([
  login,
  shell.addChildren([home, applications, application, deployments, deployment, settings, pipeds, welcome, other]),
])

export function newRouter(queries: QueryClient) {
  if (gallery) root.addChildren([login, shell, gallery])
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: Crash,
    defaultPendingComponent: Waiting,
    defaultPendingMs: 150,
    scrollRestoration: true,
    scrollToTopSelectors: ['#main'],
    parseSearch,
    stringifySearch,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>
  }
}
