'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState, useTransition } from 'react'
import type { User } from '../lib/api'
import { send } from '../lib/send'

/** Who is signed in and the way out, or the way in. */
export function Account({ user }: { user: User | undefined }) {
  return user === undefined ? <Login /> : <SignedIn user={user} />
}

function SignedIn({ user }: { user: User }) {
  const router = useRouter()
  const [problem, setProblem] = useState<string>()
  const [pending, startTransition] = useTransition()

  const logout = () =>
    startTransition(async () => {
      const failure = await send('/api/auth/logout')
      setProblem(failure)
      if (failure === undefined) router.refresh()
    })

  return (
    <div className="account">
      {problem !== undefined && <p className="problem" role="alert">{problem}</p>}
      <span>
        Signed in as <strong>{user.email}</strong>
      </span>
      <button type="button" className="quiet" onClick={logout} disabled={pending}>
        Log out
      </button>
    </div>
  )
}

function Login() {
  const router = useRouter()
  const [problem, setProblem] = useState<string>()
  const [pending, startTransition] = useTransition()

  function login(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const { email, password } = Object.fromEntries(new FormData(event.currentTarget))
    startTransition(async () => {
      const failure = await send('/api/auth/login', { email, password })
      setProblem(failure)
      if (failure === undefined) router.refresh()
    })
  }

  // method="post" keeps the password out of the address bar and the access log
  // when the button is pressed before the scripts have loaded.
  return (
    <form className="account" method="post" onSubmit={login}>
      {problem !== undefined && <p className="problem" role="alert">{problem}</p>}
      <input name="email" type="email" placeholder="E-mail" aria-label="E-mail" autoComplete="username" required />
      <input name="password" type="password" placeholder="Password" aria-label="Password" autoComplete="current-password" required />
      <button type="submit" disabled={pending}>
        Log in
      </button>
    </form>
  )
}
