import { createContext, type ReactNode, useContext } from "react";
import type { Grant, Scope } from "../../../src/core/access/grant.ts";
import { usePlace } from "../navigation/location.ts";
import { useAnswer } from "./use-answer.ts";

/** Who the person is to the server, and what he may do. */
export interface Access {
  readonly who: string;
  readonly name: string | null;
  readonly credentials: boolean;
  readonly grants: readonly Grant[];
}

const Known = createContext<Access | null>(null);

/** Asks who the person is, anew after each time that he has signed in. */
export function WithAccess({ children }: { readonly children: ReactNode }) {
  const { path } = usePlace();
  const { data } = useAnswer<Access>(path === "/sign-in" ? null : "/v1/access");
  return <Known value={data}>{children}</Known>;
}

/** Null until the server has told. */
export function useAccess(): Access | null {
  return useContext(Known);
}

/** Whether what takes a scope is to be offered. */
export function useMay(scope: Scope): boolean {
  return mayDo(useAccess(), scope);
}

/** The console shows the whole store: what is narrowed does not do. */
export function mayDo(access: Access | null, scope: Scope): boolean {
  return access?.grants.some(({ scopes, only }) => only === null && scopes.includes(scope)) ?? false;
}
