from django.urls import path

from portal.mailboxes import bulk, change, imports, removal, views

app_name = "mailboxes"
urlpatterns = [
    path("", views.mailboxes, name="list"),
    path("selected/", bulk.selected, name="selected"),
    path("failed/<int:pk>/", bulk.failed, name="failed"),
    path("import/", imports.start, name="import"),
    path("import/template/", imports.template, name="import_template"),
    path("import/<uuid:pk>/", imports.checked, name="import_check"),
    path("import/<uuid:pk>/passwords/", imports.passwords, name="import_passwords"),
    path("new/", views.choose_domain, name="choose"),
    path("new/<str:domain>/", views.new, name="new"),
    path("<str:guid>/", views.mailbox, name="detail"),
    path("<str:guid>/edit/", change.edit, name="edit"),
    path("<str:guid>/edition/", change.edition, name="edition"),
    path("<str:guid>/unlock/", change.unlock, name="unlock"),
    path("<str:guid>/delete/", removal.delete, name="delete"),
    path("<str:guid>/delete/later/", removal.delete_later, name="delete_later"),
    path("<str:guid>/do/<str:operation>/", views.do, name="do"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
