import { type ReactNode, useState } from 'react';
import { explained } from '../api/problem.ts';
import { useWords } from '../i18n/index.ts';
import { Dialog } from './Dialog.tsx';

interface Props {
  title: string;
  /** What the button that sends it says. */
  submit: string;
  /** Sends what was filled in, and closes the dialog. What it throws is told in the form, which stays. */
  send: (form: FormData) => Promise<void>;
  onClose: () => void;
  /** For tests: `name-dialog`, `name-refusal`, `name-submit`. */
  name: string;
  children: ReactNode;
}

/** A form that is sent once at a time, and stays with what was filled in until the server took it. */
export function FormDialog({ title, submit, send, onClose, name, children }: Props) {
  const { t } = useWords();
  const [refusal, setRefusal] = useState('');
  const [asking, setAsking] = useState(false);
  const ask = async (form: FormData) => {
    if (asking) return;
    setAsking(true);
    setRefusal('');
    try {
      await send(form);
    } catch (error) {
      setRefusal(explained(error));
    }
    setAsking(false);
  };
  return (
    <Dialog title={title} onClose={onClose} testId={`${name}-dialog`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void ask(new FormData(event.currentTarget));
        }}
      >
        {children}
        {refusal && (
          <p className="refusal" role="alert" data-testid={`${name}-refusal`}>
            {refusal}
          </p>
        )}
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            {t('common.leave')}
          </button>
          {/* Not disabled, or it would lose the focus, and the keyboard the dialog. */}
          <button type="submit" className="button button-primary" aria-disabled={asking} data-testid={`${name}-submit`}>
            {submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
