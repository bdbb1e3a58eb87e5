-- Whatever pays a bill in instalments (balance, channel, counter) moves its due date on to the next part that is not paid. It
-- stands here because several hands pay bills and all must do it; for any other bill only the WHEN is looked at. The caller
-- holds the bill's lock, under which its arrangement changes, and a statement in a VOLATILE function sees what was committed
-- before that lock was won.
CREATE FUNCTION bill_next_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.due_at := coalesce(
        (SELECT min(i.due_at) FROM arrangement a JOIN instalment i ON i.arrangement_id = a.id
         WHERE a.bill_id = NEW.id AND a.state = 'running' AND i.cumulative_fen > NEW.paid_fen),
        NEW.due_at);
    RETURN NEW;
END
$$;
CREATE TRIGGER next_due BEFORE UPDATE OF paid_fen ON bill FOR EACH ROW
    WHEN (NEW.collect_mode = 'instalments' AND NEW.paid_fen <> OLD.paid_fen) EXECUTE FUNCTION bill_next_due();
