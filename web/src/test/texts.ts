// All texts, also those that come with their page.
import '~/i18n/en/late/add'
import '~/i18n/en/late/applicationPage'
import '~/i18n/en/late/deployment'
import '~/i18n/en/late/pipeds'
import '~/i18n/en/late/welcome'
