import { Account } from '../components/Account'
import { FormList } from '../components/FormList'
import { NewForm } from '../components/NewForm'
import { readForms, readUser } from '../lib/api'

// Every visit asks the API; nothing of this page is made at build time.
export const dynamic = 'force-dynamic'

export default async function Page() {
  const [forms, user] = await Promise.all([readForms(), readUser()])
  return (
    <main>
      <header className="top">
        <h1>Forms</h1>
        <Account user={user} />
      </header>
      {user !== undefined && <NewForm />}
      {forms === undefined ? (
        <p className="notice" role="status">
          The list is not available at the moment. Please try again shortly.
        </p>
      ) : (
        <FormList forms={forms} />
      )}
      <footer>{`release ${process.env.RELEASE ?? 'unknown'}`}</footer>
    </main>
  )
}
