select * from (values (1, 'ada@example.org', 'Ada'), (2, 'bo@example.org', 'Bo')) as t (customer_id, email, name)
