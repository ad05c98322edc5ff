from django.urls import path

from portal.mailboxes import views

app_name = "mailboxes"
urlpatterns = [
    path("", views.mailboxes, name="list"),
    path("new/", views.choose_domain, name="choose"),
    path("new/<str:domain>/", views.new, name="new"),
    path("<str:guid>/", views.mailbox, name="detail"),
    path("<str:guid>/do/<str:operation>/", views.do, name="do"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
