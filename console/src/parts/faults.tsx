import { Component, type ReactNode } from "react";

/** Keeps a page's own fault from taking the rest along. */
export class Faults extends Component<{ readonly children: ReactNode }, { readonly fault: Error | null }> {
  override state: { readonly fault: Error | null } = { fault: null };

  static getDerivedStateFromError(fault: Error): { readonly fault: Error } {
    return { fault };
  }

  override render(): ReactNode {
    const { fault } = this.state;
    if (fault === null) return this.props.children;
    return (
      <div className="notice notice-bad" role="alert">
        <p className="notice-title">This page has failed: {fault.message}</p>
        <p>The store is not touched by that. Load the page anew; if it fails again, please report it.</p>
        <p className="notice-foot">
          <button type="button" onClick={() => location.reload()}>
            Load anew
          </button>
        </p>
      </div>
    );
  }
}
