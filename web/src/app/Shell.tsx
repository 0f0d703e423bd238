import { useQuery } from '@tanstack/react-query'
import { CatchBoundary, Link, Outlet, useRouter } from '@tanstack/react-router'
import { Boxes, Rocket, Search, Settings } from 'lucide-react'
import { lazy, Suspense, useEffect, useState } from 'react'
import { LiveProvider, meQuery, session, useStore } from '~/api'
import { type Catalog, useTexts } from '~/i18n'
import { Dialog, Toasts, useShortcut } from '~/kit'
import { Logo } from '~/kit/Logo'
import { Jump } from './Jump'
import { LiveIndicator } from './LiveIndicator'
import { liveTab } from './live'
import { ProjectMenu, UserMenu } from './Menus'
import styles from './Shell.module.css'
import { Unloaded } from './Unloaded'
import { useHeadingFocus } from './useHeadingFocus'
import { useShellShortcuts } from './useShellShortcuts'

// What most visits never open is loaded when it is.
const Help = lazy(() => import('./Help'))
const SessionDialog = lazy(() => import('./SessionDialog'))

const mac = /mac|iphone|ipad/i.test(navigator.userAgent)

function linksOf(t: Catalog) {
  return [
    { to: '/applications', label: t.shell.applications, Icon: Boxes },
    { to: '/deployments', label: t.shell.deployments, Icon: Rocket },
    { to: '/settings/piped', label: t.shell.settings, Icon: Settings },
  ] as const
}

// Shell is what is around every page but login.
export function Shell() {
  const t = useTexts()
  const router = useRouter()
  const tab = liveTab(router.options.context.queries)
  const [over, setOver] = useState<'jump' | 'help' | undefined>()
  const ended = useStore(session.ended)
  const close = () => setOver(undefined)
  useHeadingFocus()
  useShellShortcuts(t)
  useShortcut({ keys: '?', label: t.shortcuts.help, group: 'everywhere', run: () => setOver('help') })
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
      event.preventDefault()
      setOver('jump')
    }
    addEventListener('keydown', key)
    return () => removeEventListener('keydown', key)
  }, [])
  return (
    <LiveProvider tab={tab}>
      <div className={styles.shell}>
        <a href="#main" className={styles.skip}>
          {t.shell.skip}
        </a>
        <TopBar onJump={() => setOver('jump')} onHelp={() => setOver('help')} />
        <main id="main" tabIndex={-1} className={styles.main} data-scroll-restoration-id="main">
          <Outlet />
        </main>
        <BottomBar onJump={() => setOver('jump')} />
      </div>
      <Toasts />
      {over === 'jump' && <Jump onClose={close} />}
      <CatchBoundary
        getResetKey={() => over ?? ''}
        errorComponent={({ error }) => <Missing error={error} onClose={close} />}
      >
        <Suspense>
          {over === 'help' && <Help onClose={close} />}
          {ended && <SessionDialog />}
        </Suspense>
      </CatchBoundary>
    </LiveProvider>
  )
}

// Missing is over the page in place of what did not arrive.
function Missing({ error, onClose }: { error: unknown; onClose: () => void }) {
  const t = useTexts()
  return (
    <Dialog open title={t.errors.unavailable} onClose={onClose}>
      <Unloaded error={error} />
    </Dialog>
  )
}

function TopBar({ onJump, onHelp }: { onJump: () => void; onHelp: () => void }) {
  const t = useTexts()
  const me = useQuery(meQuery).data
  return (
    <header className={styles.top}>
      <Link to="/applications" className={styles.brand} aria-label={t.shell.product}>
        <Logo />
        <span className={styles.product}>{t.shell.product}</span>
      </Link>
      <span className={styles.slash} aria-hidden="true">
        /
      </span>
      {me && <ProjectMenu project={me.projectId} />}
      <nav className={styles.links} aria-label={t.shell.mainNavigation}>
        {linksOf(t).map(l => (
          <Link key={l.to} to={l.to} className={styles.link} activeOptions={{ exact: false, includeSearch: false }}>
            {l.label}
          </Link>
        ))}
      </nav>
      <span className={styles.room} />
      <LiveIndicator />
      <button type="button" className={styles.jump} onClick={onJump} aria-keyshortcuts={mac ? 'Meta+K' : 'Control+K'}>
        <Search size={15} aria-hidden="true" />
        {t.shell.jump}
        <kbd className={styles.kbd}>{mac ? '⌘ K' : 'Ctrl K'}</kbd>
      </button>
      {me && <UserMenu me={me} onHelp={onHelp} />}
    </header>
  )
}

function BottomBar({ onJump }: { onJump: () => void }) {
  const t = useTexts()
  const [first, second, last] = linksOf(t)
  return (
    <nav className={styles.bottom} aria-label={t.shell.mainNavigation}>
      {[first, second].map(l => (
        <Link key={l.to} to={l.to} className={styles.tab} activeOptions={{ exact: false, includeSearch: false }}>
          <l.Icon size={20} aria-hidden="true" />
          {l.label}
        </Link>
      ))}
      <button type="button" className={styles.tab} onClick={onJump}>
        <Search size={20} aria-hidden="true" />
        {t.common.search}
      </button>
      <Link to={last.to} className={styles.tab} activeOptions={{ exact: false, includeSearch: false }}>
        <last.Icon size={20} aria-hidden="true" />
        {last.label}
      </Link>
    </nav>
  )
}
