import './kit/base.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { newQueryClient } from '~/api'
import { initialLocale, LanguageProvider, loadCatalog } from '~/i18n'
import { newRouter } from './app/router'

const locale = initialLocale()
const texts = await loadCatalog(locale)
document.documentElement.lang = locale

const queries = newQueryClient()
const router = newRouter(queries)

const element = document.getElementById('root')
if (element) {
  createRoot(element).render(
    <StrictMode>
      <LanguageProvider locale={locale} texts={texts}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </LanguageProvider>
    </StrictMode>,
  )
}
