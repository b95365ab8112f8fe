import type { ReactNode } from 'react';
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components';

/** A question that holds everything else until it is answered or left with Escape. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode; testId?: string }) {
  return (
    <ModalOverlay
      className="dialog-veil"
      isOpen
      isDismissable={false}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
    >
      <Modal>
        <AriaDialog className="dialog" data-testid={props.testId}>
          <Heading slot="title" level={2}>
            {props.title}
          </Heading>
          {props.children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}
