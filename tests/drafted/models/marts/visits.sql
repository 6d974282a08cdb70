select * from (values (1, 1), (2, 2)) as t (visit_id, store_id)
